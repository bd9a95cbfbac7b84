import type { Readable } from 'node:stream';
import type { StorageList } from '../../../api/storage-contract.ts';
import { AichorError } from '../../../errors.ts';

export type FileThere = StorageList['files'][number];

/** What of a file is wanted. */
export interface From {
  /** Bytes that are not. */
  start: number;
  /** Only if it is the one that was listed so; null: whichever is there now. */
  version: string | null;
}

/** A file that is sent in parts. */
export interface PartedFile {
  path: string;
  bytes: number;
}

export interface FilePart extends PartedFile {
  /** From 1 on. */
  number: number;
}

/** Those parts that came, of an upload that goes on for as long as it takes. */
export interface BegunUpload {
  part_bytes: number;
  /** From 1 on. */
  parts: number[];
}

/** Files of a project or of an experiment, wherever they are. Paths have no `..`, and name no folder. */
export interface Files {
  /** Those in a folder, or the one of that name, sorted; null: neither is there. */
  list(path: string, signal: AbortSignal): Promise<FileThere[] | null>;
  /** Null: it is not there, or not (any longer) this one. */
  open(path: string, from: From, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | null>;
  /** Places a file whole, or leaves what was there. */
  put(file: PartedFile, content: Readable | Uint8Array, signal: AbortSignal): Promise<void>;
  /** Begins an upload, or goes on with the one of this id: which parts are there. */
  begin(id: string, file: PartedFile, signal: AbortSignal): Promise<BegunUpload>;
  /** Takes one part, whose bytes follow from its number and those of the file. */
  putPart(id: string, part: FilePart, content: Readable, signal: AbortSignal): Promise<void>;
  /** Makes a file of its parts; the same again does no harm. */
  complete(id: string, file: PartedFile, signal: AbortSignal): Promise<void>;
  /** Gives up an upload that was begun: the parts that came go. */
  abandon(id: string, signal: AbortSignal): Promise<void>;
  /** Removes all of them, and what was begun of others. */
  removeAll(signal: AbortSignal): Promise<void>;
}

const PART = 16 * 1024 * 1024;
const MOST_PARTS = 9000;

/** Bytes of each part but the last: none is smaller than an object store takes, and there are not more than it takes. */
export function partBytes(bytes: number): number {
  return Math.max(PART, Math.ceil(bytes / MOST_PARTS / PART) * PART);
}

/** How many bytes this part has. */
export function bytesOfPart(number: number, bytes: number): number {
  const each = partBytes(bytes);
  return Math.max(0, Math.min(each, bytes - (number - 1) * each));
}

/** Numbers of all parts of so many bytes. */
export function partsOf(bytes: number): number[] {
  const count = Math.max(1, Math.ceil(bytes / partBytes(bytes)));
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** A name of a file, or a whole path, that the system has none of. */
export function nameTooLong(path: string, cause: unknown): AichorError {
  return new AichorError('usage', `${path} is too long, or a name in it is, for files of the server`, {
    hint: 'give the file a shorter name, or another place with --to',
    cause,
  });
}

/** There is no such upload, or not all of it. */
export function notComplete(): AichorError {
  return new AichorError('conflict', 'not all parts of the file are there', {
    hint: 'repeat the command: it goes on',
  });
}
