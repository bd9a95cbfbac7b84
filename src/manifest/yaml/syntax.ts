import type { YAMLError } from 'yaml';
import type { Finding } from '../diagnostic.ts';

/** Beyond these the first ones say it all. */
const MOST_ERRORS = 20;

/** What YAML's own error codes mean to somebody who writes a manifest, and what to look for. */
const EXPLAINED: Partial<Record<YAMLError['code'], { message: string; hint: string }>> = {
  TAB_AS_INDENT: {
    message: 'a tab indents this line',
    hint: 'YAML is indented with spaces; replace the tab by two spaces',
  },
  BAD_INDENT: {
    message: 'this line is indented differently from its neighbours',
    hint: 'keys of one map start in the same column',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'a key goes over several lines',
    hint: 'a colon may be missing after the key above, or a quote is not closed',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a value is followed by something like a second key',
    hint: 'put the nested key on a line of its own, indented; quote a text that holds ": "',
  },
  BLOCK_IN_FLOW: {
    message: 'a block stands inside brackets',
    hint: 'close the bracket above, or write the list without brackets',
  },
  MISSING_CHAR: {
    message: 'something is not closed or not separated here',
    hint: 'look for a missing quote, bracket, comma or colon above',
  },
  BAD_SCALAR_START: {
    message: 'a text cannot start with this character',
    hint: 'put quotes around the text',
  },
  BAD_DQ_ESCAPE: {
    message: 'this is not an escape that YAML knows',
    hint: 'write \\\\ for a backslash, or use single quotes',
  },
  BAD_ALIAS: { message: 'this alias is not a name', hint: 'put quotes around a text that starts with *' },
  KEY_OVER_1024_CHARS: {
    message: 'a key is longer than 1,024 characters',
    hint: 'a colon may stand where none was meant; quote the text',
  },
  MULTIPLE_DOCS: {
    message: 'there is a second document in this file',
    hint: 'one file holds one manifest: remove the line "---" and what follows',
  },
  RESOURCE_EXHAUSTION: {
    message: 'the document is nested too deeply',
    hint: 'a manifest has about ten levels',
  },
  UNEXPECTED_TOKEN: {
    message: 'this does not belong here',
    hint: 'check quotes, brackets and the indentation of this line and the one above',
  },
};

/** YAML's errors in words. The first ones only: what follows a broken line is mostly its echo. */
export function syntaxFindings(errors: readonly YAMLError[]): Finding[] {
  return errors.slice(0, MOST_ERRORS).map((error) => {
    const explained = EXPLAINED[error.code];
    return {
      code: error.code === 'MULTIPLE_DOCS' ? 'multiple-documents' : 'yaml-syntax',
      path: [],
      at: [error.pos[0], error.pos[1]] as const,
      message: explained ? explained.message : sentence(error.message),
      hint: explained?.hint ?? 'check quotes, brackets and the indentation of this line and the one above',
    };
  });
}

/** YAML's warnings: unknown tags (`!foo`, `!!python/…`), which would otherwise be read as if they were not there. */
export function tagFindings(warnings: readonly YAMLError[]): Finding[] {
  return warnings.slice(0, MOST_ERRORS).map((warning) => ({
    code: warning.code === 'TAG_RESOLVE_FAILED' ? 'unknown-tag' : 'yaml-syntax',
    path: [],
    at: [warning.pos[0], warning.pos[1]] as const,
    message:
      warning.code === 'TAG_RESOLVE_FAILED' ? 'a manifest has no tags of its own' : sentence(warning.message),
    hint: 'remove it, or quote the text if it starts with "!"',
  }));
}

function sentence(text: string): string {
  const line = text.split('\n', 1)[0] ?? text;
  return line.slice(0, 200);
}
