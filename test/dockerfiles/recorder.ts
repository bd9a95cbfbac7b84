/**
 * A shell script that stands for an installer and only writes down what it is asked for, one line a call: the
 * requirements, those of files put in, then `MARK` when it is set. What is called `broken` cannot be installed.
 *
 * @param file it appends to; `$RECORD_FORM` comes first in a line where it is set
 */
export function recorder(file: string): string {
  return `#!/bin/sh
out= next=
for word; do
  case $next in
    file) [ "$word" = - ] && word=/dev/stdin
      while read -r line || [ -n "$line" ]; do case $line in ''|'#'*) ;; *) out="$out $line" ;; esac; done < "$word"
      next=; continue ;;
    skip) next=; continue ;;
  esac
  case $word in
    -r) next=file ;;
    --python|-i|--index-url|--extra-index-url|--index-strategy|-c|-f) next=skip ;;
    -*|pip|install) ;;
    *) out="$out $word" ;;
  esac
done
case " $out " in *" broken "*) exit 1 ;; esac
[ -n "$MARK" ] && out="$out MARK=$MARK"
echo "\${RECORD_FORM-}\${RECORD_FORM+ }\${out# }" >> ${file}
`;
}
