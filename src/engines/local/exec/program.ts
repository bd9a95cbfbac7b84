import { EXEC_GRACE_S, EXEC_MARK } from '../../exec.ts';

/** How a command is run: with pipes, or in a terminal that it takes by itself (`inside`) or is given (`outside`). */
export type ExecMode = 'pipes' | 'inside' | 'outside';

/**
 * Runs a command beside a pod's own: `python3 <this> <mode> <columns> <rows> <mark> <word>…`. Bytes pass between its own
 * standard streams and the command's, which are pipes (what Node gives its children are sockets, which `/dev/stdout` cannot
 * be opened on), or one terminal.
 *
 * - Descriptor 3 tells it: `size <columns> <rows>`, a line each. When it is closed nobody is there any more, whoever died: the
 *   command and everything that it started is told to hang up, and killed a moment later.
 * - Descriptor 4 it tells on: one line with the exit code, 128 + n for signal n, when the command has ended and what it printed
 *   has been passed on. What goes on in the background is not waited for.
 * - `inside`: the command stands in another process namespace, where it makes the terminal its own; that a process outside of
 *   it has it would leave shells there without job control.
 */
export const EXEC_PROGRAM = `import fcntl, os, select, signal, struct, sys, termios, time

CONTROL, STATUS = 3, 4
GRACE_S = ${EXEC_GRACE_S}
REST_MS = 50
mode, columns, rows, mark = sys.argv[1:5]
words = sys.argv[5:]
MARK = ("${EXEC_MARK}=" + mark).encode()


def resize(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))


class Flow:
    """From one descriptor to another; no more is read than was written. What ends at one side ends at the other."""

    def __init__(self, source, sink, last=b""):
        self.source, self.sink, self.held, self.last = source, sink, b"", last
        self.over = self.rests = False
        os.set_blocking(source, False)
        os.set_blocking(sink, False)

    def wants(self):
        return (self.sink, select.POLLOUT) if self.held else (self.source, select.POLLIN)

    def move(self):
        """False: there is nothing to read now, no room, or no more to come."""
        try:
            if not self.held:
                self.held = self.read()
            if not self.held:
                return self.end()
            self.held = self.held[os.write(self.sink, self.held):]
            return True
        except BlockingIOError:
            return False
        except OSError:
            return self.end()

    def read(self):
        try:
            data = os.read(self.source, 65536)
        except BlockingIOError:
            raise
        except OSError:
            # A terminal that nobody has open: somebody may open it again, and closing it here would be hanging up.
            self.rests = True
            raise BlockingIOError()
        if not data:
            data, self.last = self.last, b""
        return data

    def end(self):
        self.over, self.held = True, b""
        os.close(self.source)
        os.close(self.sink)
        return False


def become(given):
    try:
        if mode == "inside":
            os.setpgid(0, 0)
        else:
            os.setsid()
        if mode == "outside":
            fcntl.ioctl(given[0], termios.TIOCSCTTY, 0)
        for target, fd in enumerate(given):
            os.dup2(fd, target)
        for name in ("SIGPIPE", "SIGXFSZ", "SIGHUP", "SIGINT", "SIGTERM", "SIGQUIT", "SIGCHLD"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        os.execvp(words[0], words)
    except OSError as error:
        os.write(2, ("aichor: %s: %s\\n" % (words[0], os.strerror(error.errno))).encode())
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def marked():
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open("/proc/%s/environ" % name, "rb") as file:
                if MARK in file.read().split(b"\\0"):
                    found.append(int(name))
        except OSError:
            pass
    return found


def tell(pids, name):
    for pid in pids:
        try:
            os.kill(pid, name)
        except OSError:
            pass


def end_all(pid):
    tell([-pid] + marked(), signal.SIGHUP)
    tell([-pid] + marked(), signal.SIGCONT)
    # What was being started just then has not heard it, and would wait for more to read.
    if terminal is None and not flows[0].over:
        os.close(flows[0].sink)
    until = time.monotonic() + GRACE_S
    while time.monotonic() < until and marked():
        time.sleep(0.02)
    for _ in range(200):
        tell([-pid] + marked(), signal.SIGKILL)
        if not marked():
            break
        time.sleep(0.02)
    os._exit(0)


for fd in (CONTROL, STATUS):
    os.set_inheritable(fd, False)
for name in ("SIGHUP", "SIGINT", "SIGTERM", "SIGQUIT"):
    signal.signal(getattr(signal, name), signal.SIG_IGN)
terminal = None
if mode == "pipes":
    pipes = [os.pipe() for _ in range(3)]
    given = (pipes[0][0], pipes[1][1], pipes[2][1])
    feeding, outputs = (0, pipes[0][1]), [(pipes[1][0], 1), (pipes[2][0], 2)]
else:
    terminal, slave = os.openpty()
    resize(terminal, columns, rows)
    given = (slave, slave, slave)
    feeding, outputs = (0, os.dup(terminal)), [(terminal, 1)]
awake, wake = os.pipe()
os.set_blocking(awake, False)
os.set_blocking(wake, False)
signal.signal(signal.SIGCHLD, lambda *_: None)
signal.set_wakeup_fd(wake)
pid = os.fork()
if pid == 0:
    become(given)
for fd in set(given):
    os.close(fd)
# Behind what is typed: the terminal's own sign that nothing more is.
flows = [Flow(*feeding, last=b"" if terminal is None else b"\\x04")]
outputs = [Flow(*ends) for ends in outputs]
flows += outputs
code, orders = None, b""


def obey(line):
    order = line.split()
    if terminal is None or len(order) != 3 or order[0] != b"size":
        return
    try:
        resize(terminal, order[1], order[2])
    except (OSError, ValueError, struct.error):
        pass  # It is gone, or this is no size.


while True:
    if code is None:
        done, raw = os.waitpid(pid, os.WNOHANG)
        if done:
            code = 128 + os.WTERMSIG(raw) if os.WIFSIGNALED(raw) else os.WEXITSTATUS(raw)
    if code is not None:
        for flow in outputs:
            while not flow.over and flow.move():
                pass
            if not flow.over and not flow.held:
                flow.end()
        if all(flow.over for flow in outputs):
            break
    wanted = {CONTROL: select.POLLIN, awake: select.POLLIN}
    for flow in flows:
        if not flow.over and not flow.rests:
            fd, event = flow.wants()
            wanted[fd] = wanted.get(fd, 0) | event
    poll = select.poll()
    for fd, event in wanted.items():
        poll.register(fd, event)
    ready = {fd for fd, _ in poll.poll(REST_MS if any(flow.rests for flow in flows) else None)}
    if awake in ready:
        os.read(awake, 4096)
    if CONTROL in ready:
        told = os.read(CONTROL, 4096)
        if not told:
            end_all(pid)
        *lines, orders = (orders + told).split(b"\\n")
        for line in lines:
            obey(line)
    for flow in flows:
        if not flow.over and (flow.rests or flow.wants()[0] in ready):
            flow.rests = False
            flow.move()
try:
    os.write(STATUS, b"%d\\n" % code)
except OSError:
    pass
tell([-pid], signal.SIGKILL)
`;
