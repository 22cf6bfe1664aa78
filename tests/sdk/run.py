#!/usr/bin/env python3
"""The official clients against a live server: run.py PARVIS FOLDER python|npm.

FOLDER holds what is installed, once for each build folder: packages of requirements.txt for Python's
openai, anthropic and ollama; npm's openai of three majors as the lock files of npm/ have them, and npm's
own node where the system's is too old for them. Skipped (77) only if the registry is out of reach."""
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "server"))
from served import serving  # noqa: E402 (beside the tests of the server)

SKIPPED = 77
MIN_NODE = 20
LIMIT_S = 900


class OutOfReach(Exception):
    pass


def install(target, wanted, probe, *commands):
    """Runs the commands unless `target` was installed from the same `wanted` before. One that fails although
    `probe` reaches the registry is a mistake of ours."""
    stamp = target / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    run = lambda command: subprocess.run([str(word) for word in command], cwd=target.parent, check=False)
    for command in commands:
        if run(command).returncode != 0:
            said = " ".join(str(word) for word in command)
            if run(probe).returncode == 0:
                raise SystemExit(f"the registry is there, and yet this fails: {said}")
            raise OutOfReach(said)
    stamp.write_text(wanted)


def pythons(folder):
    """(name, command) of each script."""
    venv, requirements = folder / "venv", HERE / "requirements.txt"
    pip = [venv / "bin/python", "-m", "pip"]
    install(venv, requirements.read_text(), [*pip, "index", "versions", "pip", "--quiet", "--retries", "1"],
            [sys.executable, "-m", "venv", venv],
            [*pip, "install", "--quiet", "--retries", "1", "-r", requirements])
    for name in ("openai", "anthropic", "ollama"):
        yield name, [venv / "bin/python", HERE / f"{name}_script.py"], {}


def npm_folder(folder, name):
    target = folder / name
    target.mkdir(exist_ok=True)
    wanted = ""
    for file in ("package.json", "package-lock.json"):
        shutil.copy(HERE / "npm" / name / file, target / file)
        wanted += (target / file).read_text()
    install(target, wanted, ["npm", "ping", "--loglevel", "error"],
            ["npm", "ci", "--prefix", target, "--no-audit", "--no-fund", "--loglevel", "error"])
    return target


def node(folder):
    """A node that is new enough: the system's, or npm's own."""
    found = shutil.which("node")
    if found:
        version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
        if int(version.lstrip("v").split(".")[0]) >= MIN_NODE:
            return found
    return npm_folder(folder, "node20") / "node_modules/.bin/node"


def npms(folder):
    if not shutil.which("npm"):
        raise SystemExit("npm is not here: apt-get install npm (tools/packages-dev.txt)")
    program = node(folder)
    for major in (4, 5, 6):
        target = npm_folder(folder, f"openai{major}")
        yield f"npm openai {major}", [program, HERE / "openai_script.mjs"], {"PACKAGE": str(target)}


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        scripts = list({"python": pythons, "npm": npms}[sys.argv[3]](folder))
    except OutOfReach as command:
        print(f"skipped: the registry is out of reach ({command})")
        return SKIPPED
    failed = []
    with serving(program) as server:
        for name, command, more in scripts:
            environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "BASE_URL": server.base_url,
                           "KEY": server.key, "NO_PROXY": "*"} | more
            done = subprocess.run([str(word) for word in command], env=environment, timeout=LIMIT_S,
                                  check=False)
            if done.returncode != 0:
                failed.append(name)
    print("failed: " + ", ".join(failed) if failed else "the clients are content")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
