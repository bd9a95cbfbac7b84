/**
 * A reporter of vitest that writes down what its JSON has not: errors that belong to no test, to the file that
 * AICHOR_STRAY_ERRORS names: `[{file, test, message}]`; file and test are those that ran at that moment, or null.
 */
import { writeFileSync } from 'node:fs';

export default class StrayErrors {
  onTestRunEnd(_modules, errors) {
    const path = process.env.AICHOR_STRAY_ERRORS;
    if (path === undefined) return;
    const stray = errors.map((error) => ({
      file: error.VITEST_TEST_PATH ?? null,
      test: error.VITEST_TEST_NAME ?? null,
      message: String(error.stack ?? error.message ?? error),
    }));
    writeFileSync(path, JSON.stringify(stray));
  }
}
