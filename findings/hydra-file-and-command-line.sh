#!/usr/bin/env bash
# One text is two values: in a Hydra config file, and as an override on the command line.
#
# Tried: hydra-core 1.3.8 with OmegaConf 2.3.1, eight keys with the same text in the file and as `key=text`.
# Guess: the same value both ways, since an override stands for a line of the file; where it is no number, the text.
# Seen: five differ: a time limit 1:30:00 is 5400 in the file and the text on the command line; the seed 017 is 15 and "017";
# on is true and "on"; 0x1f is 31 and "0x1f"; .inf is infinity and ".inf". Three are the same, and not what was written:
# the commit 12e4567 is infinity (so are all commits of that kind, and they compare as equal), a name 2024_01_02 is 20240102,
# and 1_0 is 10. None is told of. Quotes help in the file; on the command line they need to reach Hydra: "commit='12e4567'".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'hydra-core==1.3.8' 'omegaconf==2.3.1'
cd "$work"
texts=(limit=1:30:00 seed=017 flag=on mask=0x1f clip=.inf commit=12e4567 name=2024_01_02 fold=1_0)
printf '%s\n' "${texts[@]}" | sed 's/=/: /' >config.yaml
cat >train.py <<'PY'
import hydra
from omegaconf import OmegaConf


@hydra.main(version_base=None, config_path=".", config_name="config")
def main(config):
    print(repr(OmegaConf.to_container(config)))


main()
PY
file=$(venv/bin/python train.py)
line=$(venv/bin/python train.py "${texts[@]}")
quoted=$(venv/bin/python train.py "commit='12e4567'")
printf 'file: %s\nline: %s\n' "$file" "$line"
same="'commit': inf, 'name': 20240102, 'fold': 10}"
[ "$file" = "{'limit': 5400, 'seed': 15, 'flag': True, 'mask': 31, 'clip': inf, $same" ]
[ "$line" = "{'limit': '1:30:00', 'seed': '017', 'flag': 'on', 'mask': '0x1f', 'clip': '.inf', $same" ]
[[ $quoted == *"'commit': '12e4567'"* ]]
echo 'as it was'
