import { buildMissing } from './build.js';
import { say } from './say.js';

await buildMissing({ say }).catch((error) => {
  say(error.message);
  process.exitCode = 1;
});
