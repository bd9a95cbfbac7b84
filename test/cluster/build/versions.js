/** What the cluster is made of beside the Go programs, whose versions are those of `modules/`; docs/tested.md has all of them. */

/**
 * Debian packages with the suite each is taken from. etcd before 3.5.13 lacks what consistent reads need; a newer runc
 * needs a newer C library than the machine may have.
 */
export const NODE_PACKAGES = [
  'etcd-server/trixie',
  'containerd/trixie',
  'containernetworking-plugins/bookworm',
  'runc/bookworm',
  'busybox-static/bookworm',
];

/** The image in which Ray really runs. */
export const RAY = {
  version: '2.52.1',
  python: '3.11',
  packages: [
    'python3',
    'libstdc++6',
    'bash',
    'dash',
    'coreutils',
    'findutils',
    'grep',
    'sed',
    'hostname',
    'procps',
    'wget',
    'util-linux',
  ],
};

/** The oldest Go that builds all of it. */
export const GO = { major: 1, minor: 26 };
