/**
 * Hands the command to a Ray cluster and is its stand-in from then on:
 * `python3 -I <this> <dashboard's port> <submission id> <driver's log> <entrypoint>`.
 *
 * - By the REST interface of Ray's jobs: `ray job submit` would quote the words of the command anew, and ends with 1
 *   whatever the driver's exit code was.
 * - What the driver prints is read from its log file, byte by byte as it was written; from the interface where there is
 *   no such file.
 * - SIGTERM stops the job (its driver gets SIGTERM), and waits for that.
 * - It ends as the driver did.
 * - It shows the cluster's token (`RAY_AUTH_TOKEN`); a cluster that wants another one is not asked again.
 */
export const SUBMIT_PROGRAM = `import http.client, json, os, signal, sys, time

port, job, log_path, entrypoint = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
PATIENCE_S = 120
stopping = False


def stop(number, frame):
    global stopping
    stopping = True


def call(method, path, body=None):
    """Status and answer; raises OSError when nobody is there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        # Ray 2.23 fails at a request that does not say what it comes from.
        headers = {"content-type": "application/json", "user-agent": "aichor"}
        if os.environ.get("RAY_AUTH_TOKEN"):
            headers["authorization"] = "Bearer " + os.environ["RAY_AUTH_TOKEN"]
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    except http.client.HTTPException as error:
        raise OSError(str(error))
    finally:
        connection.close()


def fail(text):
    os.write(2, (text + "\\n").encode())
    sys.exit(1)


def submit():
    """Until the cluster takes it: the dashboard answers a little later than the head is ready."""
    began, said = time.monotonic(), "nobody answers"
    while time.monotonic() - began < PATIENCE_S:
        if stopping:
            sys.exit(143)
        try:
            status, text = call("POST", "/api/jobs/", {"entrypoint": entrypoint, "submission_id": job})
            said = text.strip()
            if status in (401, 403):
                fail("the Ray cluster does not take the job: %s" % said)
            if status == 200 or call("GET", "/api/jobs/" + job)[0] == 200:
                return
        except OSError as error:
            said = str(error)
        time.sleep(0.5)
    fail("the Ray cluster did not take the job within %d seconds: %s" % (PATIENCE_S, said))


class Log:
    """The driver's output as far as it was passed on."""

    def __init__(self):
        self.file = None
        self.passed = 0

    def pass_on(self):
        if self.file is None:
            try:
                self.file = open(log_path, "rb")
            except OSError:
                return
        while True:
            data = self.file.read(65536)
            if not data:
                return
            self.passed += len(data)
            while data:
                data = data[os.write(1, data):]

    def end(self):
        self.pass_on()
        if self.file is None:
            status, text = call("GET", "/api/jobs/" + job + "/logs")
            if status == 200:
                os.write(1, (json.loads(text).get("logs") or "").encode())


def ask_to_stop():
    try:
        call("POST", "/api/jobs/" + job + "/stop")
    except OSError:
        sys.exit(143)


def follow():
    log, asked, lost_since, next_look, pause = Log(), False, None, 0.0, 0.2
    while True:
        log.pass_on()
        if stopping and not asked:
            asked = True
            ask_to_stop()
        if time.monotonic() >= next_look:
            try:
                status, text = call("GET", "/api/jobs/" + job)
                lost_since = None
                if status in (401, 403):
                    fail("the Ray cluster does not say how the job is: %s" % text.strip())
                if status == 200:
                    info = json.loads(text)
                    if info["status"] in ("SUCCEEDED", "FAILED", "STOPPED"):
                        log.end()
                        return info
            except OSError as error:
                if stopping:
                    sys.exit(143)
                lost_since = lost_since or time.monotonic()
                if time.monotonic() - lost_since > 15:
                    fail("the Ray cluster does not answer any more: %s" % error)
            next_look = time.monotonic() + pause
            pause = min(1.0, pause * 1.2)
        time.sleep(0.1)


def exit_code(info):
    if info["status"] == "SUCCEEDED":
        return 0
    if info["status"] == "STOPPED":
        return 143
    code = info.get("driver_exit_code")
    if code is None:
        os.write(2, ((info.get("message") or "the job failed before its driver ran") + "\\n").encode())
        return 1
    return 128 - code if code < 0 else code


signal.signal(signal.SIGTERM, stop)
submit()
sys.exit(exit_code(follow()))
`;
