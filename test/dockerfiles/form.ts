import type { ContextEntry, ImageTree } from '../../src/dockerfile/tree/image-tree.ts';

/** A Dockerfile, and what BuildKit makes of it. */
export interface Form {
  /** Instructions after `HEAD`; with a `FROM` or a directive of its own the whole file. */
  text: string;
  args?: Record<string, string>;
  target?: string;
  /** Text of the .dockerignore. */
  ignore?: string;
  /** What is in the working directory, by `shown`; of a form with RUN: what is otherwise than in its context. */
  tree?: Record<string, string | null>;
  /** ENV of the image. */
  env?: Record<string, string>;
  /** What installers were asked for, one line a call. */
  installs?: string[];
  /** Part of what BuildKit says when it refuses the file. */
  refused?: string;
}

export const WORKDIR = '/srv/exp';
export const HEAD = `FROM python:3.11\nWORKDIR ${WORKDIR}\n`;

/** Of forms without RUN. Every file holds its own path. */
export const CONTEXT: ContextEntry[] = [
  file('a.txt'),
  file('b.txt'),
  link('dl', 'src'),
  { path: 'empty', kind: 'folder' },
  link('lnk', 'a.txt'),
  file('run.sh', true),
  file('src/m.py'),
  file('src/sub/n.py'),
  link('src/to', 'm.py'),
  file('x[1].txt'),
];

/** Of forms with RUN, which begin with all of it in the working directory. */
export const RUN_FILES: Readonly<Record<string, string>> = {
  'a.txt': 'a.txt',
  'b.txt': 'b.txt',
  'empty/.keep': '',
  'go.sh': '#!/bin/sh\necho went > went\n',
  'lib/m.py': 'lib/m.py',
  'lib/sub/n.py': 'lib/sub/n.py',
  'reqs/cpu.txt': 'six\n',
  'reqs/gpu.txt': 'toml\n',
  'requirements.txt': 'six\ntorch\n',
};

function file(path: string, executable = false): ContextEntry {
  return { path, kind: 'file', executable };
}

function link(path: string, target: string): ContextEntry {
  return { path, kind: 'link', target };
}

/** The whole Dockerfile of a form. */
export function wholeText({ text, ...form }: Form): string {
  if (/^\s*(?:FROM|ARG .*\nFROM|#|\uFEFF)/i.test(text)) return text;
  return `${HEAD}${form.installs !== undefined || hasRun({ text }) ? 'COPY . .\n' : ''}${text}\n`;
}

export function hasRun({ text }: Pick<Form, 'text'>): boolean {
  return /^\s*(?:ONBUILD\s+)?RUN\s/im.test(text);
}

/** Paths in the working directory without it, others whole; what is there, and its mode where it is not the usual one. */
export function shown(tree: ImageTree): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const [path, node] of tree.entries()) {
    // The base has these.
    if (
      /^\/(?:tmp|root|opt|home|var|srv|etc|usr(?:\/local)?(?:\/bin|\/share)?)$/.test(path) &&
      node.kind === 'folder'
    )
      continue;
    if (WORKDIR === path || WORKDIR.startsWith(`${path}/`)) continue;
    const name = path.startsWith(`${WORKDIR}/`) ? path.slice(WORKDIR.length + 1) : path;
    seen[name] = node.kind === 'link' ? `-> ${node.target}` : withMode(node.kind, contentOf(node), node.mode);
  }
  return seen;
}

/** `folder`, or a file's content, with the mode where it is not the usual one. */
export function withMode(kind: 'file' | 'folder', content: string, mode: number): string {
  const isUsual = mode === (kind === 'folder' ? 0o755 : 0o644);
  return `${kind === 'folder' ? 'folder' : content}${isUsual ? '' : ` ${mode.toString(8)}`}`;
}

function contentOf(node: Exclude<NonNullable<ReturnType<ImageTree['get']>>, { kind: 'link' }>): string {
  if (node.kind === 'folder') return '';
  return node.origin.kind === 'text' ? node.origin.text : node.origin.path;
}
