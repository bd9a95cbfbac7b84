/** Seconds that a node may take to come up. Ray itself gives up after 30, which a busy machine needs for its imports alone. */
export const START_PATIENCE_S = 90;

/**
 * Seconds after which a node whose raylet has ended is a failed pod. KubeRay's probes do the same in minutes; left alone
 * `ray start --block` takes an end by SIGTERM for a wanted one, which is also how a raylet ends itself, and goes on for ever.
 * A shutdown command that stops Ray has this long to go on.
 */
const RAYLET_GONE_S = 30;

/**
 * `ray start` with more patience: `python3 <this> start …`, where `ray start …` was meant. Versions differ in what they
 * wait with: 2.23 for the node to be listed, and asks for the dashboard so and so many times; 2.60 asks for the node again and
 * again. 2.23 also chooses ports some seconds before they are taken: here they are such that no connection gets meanwhile.
 * Where nothing of it is found, it is what `ray start` is.
 */
export const START_PROGRAM = `import random, socket, sys, time

# The folder of this file: \`ray\` has none.
del sys.path[0]
import ray.experimental.internal_kv as kv
from ray._private import node, services

PATIENCE_S = ${START_PATIENCE_S}
RAYLET_GONE_S = ${RAYLET_GONE_S}


def patient(look):
    def looking(*args, **kwargs):
        began = time.monotonic()
        while True:
            try:
                return look(*args, **kwargs)
            except RuntimeError:
                if time.monotonic() - began > PATIENCE_S:
                    raise
                time.sleep(0.5)
    return looking


def unhurried(get):
    """The dashboard is asked for 200 times, each a tenth of a second after the one before."""
    def getting(key, *args, **kwargs):
        value = get(key, *args, **kwargs)
        if value is None and key == "dashboard":
            time.sleep(PATIENCE_S / 200 - 0.1)
        return value
    return getting


def settled(unused):
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
            below = int(file.read().split()[0])
    except (OSError, ValueError, IndexError):
        below = 0

    def choose(self, allocated_ports=None):
        # Ray's own workers have those from 10002 to 19999.
        for _ in range(100 if below > 21000 else 0):
            port = random.randrange(20000, below)
            if port in (allocated_ports or ()):
                continue
            with socket.socket() as probe:
                try:
                    probe.bind(("", port))
                except OSError:
                    continue
            return port
        return unused(self, allocated_ports)
    return choose


def watched(dead_processes):
    since = None

    def looking(self):
        nonlocal since
        dead = dead_processes(self)
        if all(kind != "raylet" for kind, _ in dead):
            return dead
        since = since or time.monotonic()
        if time.monotonic() - since > RAYLET_GONE_S:
            print("The raylet of this node has ended, and nothing runs on a node without it. Its last words are in "
                  + self.get_logs_dir_path() + "/raylet.out", file=sys.stderr, flush=True)
            self.kill_all_processes(check_alive=False, allow_graceful=False)
            sys.exit(1)
        return dead
    return looking


kv._internal_kv_get = unhurried(kv._internal_kv_get)
listed = getattr(services, "wait_for_node", None)
if getattr(listed, "__defaults__", None) == (30,):
    listed.__defaults__ = (PATIENCE_S,)
if hasattr(services, "get_node"):
    services.get_node = patient(services.get_node)
if hasattr(node.Node, "_get_unused_port"):
    node.Node._get_unused_port = settled(node.Node._get_unused_port)
if hasattr(node.Node, "dead_processes"):
    node.Node.dead_processes = watched(node.Node.dead_processes)

from ray.scripts.scripts import main

sys.argv[0] = "ray"
sys.exit(main())
`;
