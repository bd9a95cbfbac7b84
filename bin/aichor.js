#!/usr/bin/env sh
':' //; exec node -- "$0" "$@"
// Started through sh for that `--`: without it node takes an --env-file among our arguments for one of its own.
// CommonJS (see package.json beside it): the loader of ES modules alone would cost `--version` a quarter of its time.
// Plain old syntax down to the version check: a Node that is too old must be able to read this far.
const { argv, version, versions } = process;
const { dirname, join } = require('path');
const [major, minor] = versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 20)) {
  process.stderr.write(`aichor needs Node 20.20 or newer; this is ${version} (${process.execPath})\n`);
  process.exitCode = 2;
} else if (argv.length === 3 && (argv[2] === '--version' || argv[2] === '-v')) {
  const own = require('../package.json');
  process.stdout.write(`aichor/${own.version} ${process.platform}-${process.arch} node-${version}\n`);
} else {
  const root = dirname(__dirname);
  const program = require('./bundles.js')
    .createLoader()
    .load(join(root, 'dist', 'cli.cjs'));
  void program.main({ root, version: require('../package.json').version });
}
