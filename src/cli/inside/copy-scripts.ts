/** How the scripts end where `tar` has not. */
export const COPY_EXITS = { changed: 65, absent: 66, noTar: 67, there: 68 } as const;

/** Begins the line on standard error that says how many bytes a file has; of a folder, a line of `du` tells the blocks of 1024. */
export const SIZE = 'aichor-size';

/**
 * Puts what is at `$1` on standard output: the contents of a folder, or a file by its name, which may be a link to one. How much
 * that is comes when it is known: nobody waits until a large folder is counted.
 */
export const SEND = `path=$1
case $path in /*) ;; *) path=./$path ;; esac
[ -e "$path" ] || exit ${COPY_EXITS.absent}
command -v tar >/dev/null 2>&1 || exit ${COPY_EXITS.noTar}
if [ -d "$path" ]; then
  du -sk "$path" >&2 2>/dev/null &
  counting=$!
  tar -cf - -C "$path" .
  code=$?
  kill "$counting" 2>/dev/null
else
  size=
  if [ -f "$path" ]; then size=$(wc -c 2>/dev/null <"$path"); fi
  [ -z "$size" ] || printf '${SIZE} %s\\n' "$((size))" >&2
  tar -chf - -C "\${path%/*}" "./\${path##*/}"
  code=$?
fi
if [ "$code" = 1 ]; then
  case $(tar --version 2>/dev/null) in *GNU*) exit ${COPY_EXITS.changed} ;; esac
fi
exit "$code"
`;

/**
 * Takes an archive from standard input and puts it at `$1`, or into it where that is a folder, as `$2`: as a whole, or not at
 * all. `$3`: \`folder\` or \`file\`; `$4`: what nobody else calls its part; `$5`: \`force\` takes the place of what is there.
 * Who ends it may say so several times: only the first is heard, or the part would stay.
 */
export const TAKE = `command -v tar >/dev/null 2>&1 || exit ${COPY_EXITS.noTar}
to=$1
case $to in /*) ;; *) to=./$to ;; esac
if [ -d "$to" ]; then to=\${to%/}/$2; fi
if [ "$5" != force ] && { [ -e "$to" ] || [ -L "$to" ]; }; then exit ${COPY_EXITS.there}; fi
[ -d "\${to%/*}/" ] || exit ${COPY_EXITS.absent}
part=\${to%/*}/.aichor-copy-$4
trap 'rm -rf "$part"' EXIT
trap 'trap "" HUP INT TERM; rm -rf "$part"; exit 129' HUP INT TERM
mkdir "$part" || exit 1
tar -xof - -C "$part" || exit 1
new=$part
if [ "$3" != folder ]; then new=$part/$2; fi
[ -e "$new" ] || exit 1
if [ "$5" = force ]; then rm -rf "$to" || exit 1; fi
mv "$new" "$to"
`;
