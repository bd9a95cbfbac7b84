import { describe, expect, test } from 'vitest';
import { shellVariables } from '../../../src/manifest/shell-variables.ts';

/** What a command lacks when nothing is set from outside. */
function lacks(command: string): string[] {
  const { used, given, isOpen } = shellVariables(command);
  return isOpen ? ['?'] : [...used].filter((name) => !given.has(name));
}

describe('what a command reads', () => {
  test.each([
    ['python train.py --lr $LR --out ${OUT}/x', ['LR', 'OUT']],
    ['echo "$A and ${B}c" $A', ['A', 'B']],
    ['train --lr=$LR --name "run-$NAME-$(date +%F)"', ['LR', 'NAME']],
    ['echo "$(basename "$FILE")" `dirname $OTHER`', ['FILE', 'OTHER']],
    ['echo $((A1 + $B1))', ['B1']],
    ['train --rank $(RANK)', ['RANK']],
    ['echo ${X%.*} ${Y/a/$Z} ${#W} ${V[@]} ${U:0:2}', ['X', 'Y', 'Z', 'W', 'V', 'U']],
    ['echo "it\'s $X"', ['X']],
    ['echo \\\\$X', ['X']],
    ['LR=$LR train', ['LR']],
    ['echo a#b $X # but not $Y', ['X']],
    ['case $X in a) echo $Y;; esac', ['X', 'Y']],
    ['cat <<< $X', ['X']],
  ])('%s', (command, names) => {
    expect(lacks(command)).toEqual(names);
  });
});

describe('what a command does not need from outside', () => {
  test.each([
    'python train.py',
    "awk '{print $NF}' data.txt",
    "bash -c 'echo $X'",
    "echo \\$X \"\\$Y\" $'$Z\\'$W'",
    'echo ${X:-1} ${X-1} ${X:-$Y} ${X:-${Y}} ${X:+$X} ${X:?it is needed} ${X:=3}; echo $X',
    'echo $1 $@ $* $# $? $- $$ $! $0 $$X',
    'echo ${1} ${@} ${#} ${!X} ${#@}',
    'for x in a b; do echo $x; done',
    'for ((i = 0; i < 3; i++)); do echo $i; done',
    'while read -r a b; do echo $a$b; done < list',
    'IFS=, read -p "which? " x; echo $x',
    'mapfile -t ROWS < list; echo ${ROWS[0]}',
    'while getopts ab opt; do echo $opt; done',
    'printf -v X "%d" 3; echo $X',
    'local N=3; declare -A MAP; MAP[a]=1; echo $N ${MAP[a]}',
    'X=1 && echo $X',
    'export X=1; python train.py $X',
    "sh -c 'X=1; echo'; echo $X",
    'N+=1; echo $N',
    'select answer in a b; do echo $answer; done',
    'python - <<EOF\nprint("$X")\nEOF',
    "cat > t.pl <<'END' && perl t.pl\nmy $x = 'it''s';\nEND\necho done",
    'ls # what $X would be',
    'echo a | tee >(cat)',
    'echo 5$ "cost: $" $',
  ])('%s', (command) => {
    expect(lacks(command)).toEqual([]);
  });
});

test.each([
  'source env.sh && echo $X',
  '. ./env.sh; echo $X',
  'cd a && . env.sh && echo $X',
  'eval "$(ssh-agent)"; echo $X',
  'export $(cat .env | xargs); echo $X',
  'set -a; X=1; echo $Y',
  'conda activate base && echo $X',
  'echo "$X',
  "echo 'a $X",
  'echo $(case $X in a) echo b;; esac) $Y',
])('%s: may set anything, or cannot be followed', (command) => {
  expect(lacks(command)).toEqual(['?']);
});

// A quadratic reader would take minutes, far beyond the limit of a test.
test.each(['$(', '`', '${a[', '<<A\n', 'a[', '\n', 'set -a', '"$(', '((', 'for ', '$A '])(
  '%j a hundred thousand characters long is read to its end',
  (piece) => {
    const { used } = shellVariables(`${piece.repeat(100_000 / piece.length)} '' ; echo`);
    expect(used.size).toBeLessThanOrEqual(1);
  },
);
