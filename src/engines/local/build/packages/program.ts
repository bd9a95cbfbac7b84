/**
 * Makes a Python environment that somebody may install into: `python3 -I <this> <new folder> <environment, or ->`, run
 * by the Python that the pod would have.
 *
 * - Of an environment (a folder of ours, on the same disk) it makes a copy: packages are links to the same files, which
 *   installers replace and never write into; what names its own place (programs, `.pth` files, settings) is rewritten.
 * - Of any other Python (`-`) it makes a virtual environment that sees that Python's packages, and its programs.
 * - `pip` is there afterwards: the one that was there, the one that comes with Python, else another Python's.
 *
 * Only Python's own library is used.
 */
export const PRIVATE_PROGRAM = `import glob, importlib.util, os, shutil, subprocess, sys, sysconfig

target, source = sys.argv[1], sys.argv[2]


def link(old, new):
    try:
        os.link(old, new)
    except OSError:
        shutil.copy2(old, new)


def rewrite(old, new):
    with open(old, "rb") as file:
        data = file.read()
    with open(new, "wb") as file:
        file.write(data.replace(source.encode(), target.encode()))
    shutil.copymode(old, new)


def names_its_place(folder, name, path):
    if name.endswith((".pth", ".egg-link", ".cfg")) or name.startswith("activate"):
        return True
    if os.path.basename(folder) != "bin":
        return False
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def copy_tree(old, new):
    os.mkdir(new)
    with os.scandir(old) as entries:
        for entry in entries:
            path = os.path.join(new, entry.name)
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path).replace(source + "/", target + "/"), path)
            elif entry.is_dir():
                copy_tree(entry.path, path)
            elif names_its_place(old, entry.name, entry.path):
                rewrite(entry.path, path)
            else:
                link(entry.path, path)


def parent_packages():
    """Packages of the environment that this Python is in, which a new one of its own would not see."""
    if sys.prefix == sys.base_prefix:
        return True, []
    with open(os.path.join(sys.prefix, "pyvenv.cfg")) as file:
        seen = {line.partition("=")[0].strip(): line.partition("=")[2].strip() for line in file}
    places = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    return seen.get("include-system-site-packages") == "true", sorted(places)


def overlay():
    import venv
    sees_system, places = parent_packages()
    sys._base_executable = os.path.realpath(sys._base_executable)
    venv.EnvBuilder(system_site_packages=sees_system, symlinks=True).create(target)
    own = glob.glob(os.path.join(glob.escape(target), "lib", "python*", "site-packages"))[0]
    if places:
        with open(os.path.join(own, "_beneath.pth"), "w") as file:
            file.write("".join("import site; site.addsitedir(%r)\\n" % place for place in places))
    for folder in {sysconfig.get_path("scripts"), os.path.dirname(sys.executable)}:
        take_programs(folder)


def take_programs(folder):
    with os.scandir(folder) as entries:
        for entry in entries:
            path = os.path.join(target, "bin", entry.name)
            if os.path.lexists(path) or not entry.is_file() or entry.name.startswith(("python", "activate")):
                continue
            with open(entry.path, "rb") as file:
                first = file.readline(4096)
            if first.startswith(b"#!") and b"python" in first:
                with open(entry.path, "rb") as file, open(path, "wb") as new:
                    file.readline()
                    new.write(b"#!" + os.path.join(target, "bin", "python3").encode() + b"\\n" + file.read())
                shutil.copymode(entry.path, path)


def write_program(name, text):
    path = os.path.join(target, "bin", name)
    if not os.path.lexists(path):
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o755)


def bring_pip():
    python = os.path.join(target, "bin", "python3")
    has = subprocess.run([python, "-I", "-c", "import pip"], stderr=subprocess.DEVNULL).returncode == 0
    if not has and importlib.util.find_spec("ensurepip") is not None:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        has = subprocess.run([python, "-I", "-m", "ensurepip"], **quiet).returncode == 0
    base = getattr(sys, "_base_executable", None) or sys.executable
    words = [python, "-m", "pip"] if has else [base, "-m", "pip", "--python", python]
    line = " ".join("'%s'" % word for word in words)
    for name in ("pip", "pip3"):
        write_program(name, '#!/bin/sh\\nexec %s "$@"\\n' % line)


os.makedirs(os.path.dirname(target), exist_ok=True)
overlay() if source == "-" else copy_tree(source, target)
bring_pip()
`;
