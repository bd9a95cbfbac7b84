import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A repository with a jobset manifest and nothing to install.
 *
 * @param {string} folder made when it is not there
 * @param {{command: string, pods?: number, files?: Record<string, string>, tensorboard?: boolean}} options
 */
export function writeRepository(folder, { command, pods = 1, files = {}, tensorboard = false }) {
  const manifest = [
    'kind: AIchorManifest',
    'apiVersion: "0.2.3"',
    'builder: { image: bench, dockerfile: ./Dockerfile, context: . }',
    'spec:',
    '  operator: jobset',
    '  image: bench',
    `  command: ${JSON.stringify(command)}`,
    `  tensorboard: { enabled: ${tensorboard} }`,
    `  types: { worker: { count: ${pods}, resources: { cpus: 1, ramRatio: 1 } } }`,
    '',
  ];
  const all = { 'manifest.yaml': manifest.join('\n'), Dockerfile: 'FROM python:3.12-slim\n', ...files };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
