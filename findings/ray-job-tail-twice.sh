#!/usr/bin/env bash
# What a Ray job printed last stands in its log twice when it failed, and colours stand in a log that no terminal shows.
#
# Tried: ray 2.52.1, `ray job submit` and `ray job logs --follow` (what KubeRay's submitter runs) of a job that prints three lines and
# ends with 5; stdout is a pipe.
# Guess: the job's lines once, then plain text that says that it failed.
# Seen: after the lines a box with the time, the source line of Ray's client and ANSI colours before each of its lines, then
# "Status message: Job entrypoint command failed with exit code 5, last available logs …:" and the last lines again, at most ten and 20,000
# characters. So whoever keeps the log of a submitter, or counts what it printed, looks for that, not for plain lines.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'ray[default]==2.52.1'
PATH="$work/venv/bin:$PATH" RAY_USAGE_STATS_ENABLED=0 "$work/venv/bin/python" - "$work" <<'PY'
import re, socket, subprocess, sys
import ray

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
ray.init(num_cpus=2, include_dashboard=True, dashboard_port=port, _temp_dir=sys.argv[1] + "/r", log_to_driver=False)
address = f"http://127.0.0.1:{port}"
command = "printf 'line %s\\n' 1 2 3; exit 5"
submit = ["ray", "job", "submit", "--address", address, "--submission-id", "fails"]
first = subprocess.run([*submit, "--", "bash", "-c", command], capture_output=True, text=True)
again = subprocess.run(["ray", "job", "logs", "--address", address, "--follow", "fails"], capture_output=True, text=True)
ray.shutdown()
print("ray", ray.__version__)
print(again.stdout)
for log in (first.stdout, again.stdout):
    said = re.search(r"\tINFO cli\.py:\d+ -- Status message: Job entrypoint command failed with exit code 5, last available logs", log)
    assert said, log
    assert re.findall(r"^line (\d)$", log[: said.start()], re.M) == ["1", "2", "3"], log
    assert re.findall(r"^line (\d)$", log[said.end() :], re.M) == ["1", "2", "3"], log
    assert re.search(r"\tERR cli\.py:\d+ -- \x1b\[31mJob 'fails' failed\x1b\[39m", log), log
PY
echo 'as it was'
