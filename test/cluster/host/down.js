import { endProcesses, removeFolders } from './leftovers.js';

/** Stops a cluster, however it was started and whatever became of that; nothing of it is left. @param {string} state */
export async function takeDown(state) {
  await endProcesses(state);
  await removeFolders(state);
}
