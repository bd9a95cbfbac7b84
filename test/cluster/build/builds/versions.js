/** What images are built with and of; BuildKit's own version is that of `modules/buildkit`. */

/** As scaffolded Dockerfiles name them. */
export const PYTHON = '3.11';
export const UV = '0.13.9';

/** As the Dockerfile of the control plane names it; npm is the one that comes with it. */
export const NODE = '22.23.5';
export const NPM = '10.9.9';

const BASE = [
  ...['base-files', 'base-passwd', 'bash', 'coreutils', 'dash', 'debianutils', 'diffutils', 'findutils'],
  ...['grep', 'gzip', 'hostname', 'mawk', 'sed', 'tar', 'util-linux', 'login', 'passwd', 'procps'],
  ...['apt', 'dpkg', 'debconf', 'libc-bin', 'libstdc++6', 'perl-base'],
];

/** Debian packages of the images that stand for `python:…-slim` and `node:…-slim`, which has no authorities of Debian. */
export const PYTHON_PACKAGES = [...BASE, 'ca-certificates', 'python3', 'python3-distutils'];
export const NODE_PACKAGES = BASE;
