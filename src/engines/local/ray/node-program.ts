/**
 * Runs one node of a Ray cluster: `python3 -I <this> <own mark> <mark of the node before, or ->`, with the `ray start` line in the
 * environment, as KubeRay puts it there.
 *
 * - A worker waits for the mark of the node before it: the head's, or that of the worker whose turn comes first. The head's port would be too early: Ray 2.23 ends a head whose first worker
 *   comes before it has said "Ray runtime started." The lines that are printed meanwhile are those of KubeRay's init
 *   container, further and further apart.
 * - When Ray says that it runs, the node's mark is made.
 * - `ray start --block` ends with 1 when it is told to end and all went well: here that is 0.
 *
 * Only Python's own library is used, so that any environment that holds Ray can run it.
 */
export const NODE_PROGRAM = `import os, shlex, signal, subprocess, sys, threading, time

own_mark, mark_before = sys.argv[1], sys.argv[2]
stopping = False


def stop(number, frame):
    global stopping
    stopping = True


def say(text):
    os.write(1, (text + "\\n").encode())


def wait_for_head():
    began, next_line = time.monotonic(), 5.0
    while not os.path.exists(mark_before):
        if stopping:
            sys.exit(143)
        waited = time.monotonic() - began
        if waited >= next_line:
            say(f"{int(waited)} seconds elapsed: Waiting for GCS to be ready.")
            next_line *= 2
        time.sleep(0.1)
    say("GCS is ready. Any error messages above can be safely ignored.")


def pass_on(pipe):
    seen, marked = b"", False
    while True:
        data = os.read(pipe, 65536)
        if not data:
            return
        os.write(1, data)
        seen = (seen + data)[-65600:]
        if not marked and b"Ray runtime started." in seen:
            marked = True
            with open(own_mark + ".tmp", "w"):
                pass
            os.rename(own_mark + ".tmp", own_mark)


signal.signal(signal.SIGTERM, stop)
if mark_before != "-":
    wait_for_head()
line = os.environ["KUBERAY_GEN_RAY_START_CMD"]
if line.startswith("ray start "):
    patient = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ray_start.py")
    line = shlex.quote(sys.executable) + " " + shlex.quote(patient) + line[len("ray"):]
node = subprocess.Popen(["sh", "-c", "exec " + line], stdout=subprocess.PIPE)
if stopping:
    node.terminate()
reader = threading.Thread(target=pass_on, args=(node.stdout.fileno(),), daemon=True)
reader.start()
code = node.wait()
reader.join(2)
if stopping and code in (0, 1, -signal.SIGTERM):
    code = 0
os._exit(128 - code if code < 0 else code)
`;
