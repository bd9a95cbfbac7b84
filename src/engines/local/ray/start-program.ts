/** Seconds that a node may take to come up. Ray itself gives up after 30, which a busy machine needs for its imports alone. */
export const START_PATIENCE_S = 90;

/**
 * `ray start` with more patience: `python3 <this> start …`, where `ray start …` was meant. Versions differ in what they
 * wait with: 2.23 for the node to be listed, and asks for the dashboard so and so many times; 2.60 asks for the node again and
 * again. Where nothing of it is found, it is what `ray start` is.
 */
export const START_PROGRAM = `import sys, time

# The folder of this file: \`ray\` has none.
del sys.path[0]
import ray.experimental.internal_kv as kv
from ray._private import services

PATIENCE_S = ${START_PATIENCE_S}


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


kv._internal_kv_get = unhurried(kv._internal_kv_get)
listed = getattr(services, "wait_for_node", None)
if getattr(listed, "__defaults__", None) == (30,):
    listed.__defaults__ = (PATIENCE_S,)
if hasattr(services, "get_node"):
    services.get_node = patient(services.get_node)

from ray.scripts.scripts import main

sys.argv[0] = "ray"
sys.exit(main())
`;
