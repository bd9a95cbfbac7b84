import { buildMissing } from './build.js';
import { say } from './say.js';

await buildMissing({ names: process.argv.slice(2), say }).catch((error) => {
  say(error.message);
  process.exitCode = 1;
});
