"""A host to break (tests/support/host), a person with a project, and what the
host was: by lstat, hashes, extended attributes and nft, never by our code."""
import hashlib
import os
import random
import signal
import stat
import subprocess
import sys
import time

OVERLAYS = ("etc", "var", "home", "root")
OURS = set(range(200, 210))  # exit codes of our own failures: sandbook(1)
OTHER_LOG = 213  # of `journal verify`: not the log that the machine has seen
DEADLOCK = 300  # seconds


class Failed(Exception):
    pass


def say(text):
    print(text, file=sys.stderr, flush=True)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def record(path):
    """What an object is; None where there is none."""
    try:
        st = os.lstat(path)
    except OSError:
        return None
    out = [oct(st.st_mode), st.st_uid, st.st_gid]
    if stat.S_ISLNK(st.st_mode):
        out.append(os.readlink(path))
    elif stat.S_ISREG(st.st_mode):
        out += [st.st_nlink, hashlib.sha256(read(path)).hexdigest()]
    try:
        for name in sorted(os.listxattr(path, follow_symlinks=False)):
            out.append((name, os.getxattr(path, name,
                                          follow_symlinks=False).hex()))
    except OSError:
        pass
    return out


def held():
    """Names of what the overlays hold: all that may differ from below."""
    for place in OVERLAYS:
        upper = f"/run/host/{place}/upper"
        for at, directories, files in os.walk(upper):
            for name in directories + files:
                yield f"/{place}" + os.path.join(at, name)[len(upper):]


def below(path, depth=99):
    yield path
    if depth == 0 or not os.path.isdir(path) or os.path.islink(path):
        return
    for name in sorted(os.listdir(path)):
        yield from below(os.path.join(path, name), depth - 1)


def rules():
    return subprocess.run(["nft", "--stateless", "list", "ruleset"],
                          capture_output=True, check=True).stdout.decode()


class Place:
    def __init__(self, programs):
        if os.environ.get("SBK_TEST_HOST") != "1":
            sys.exit("not on a host to break: see tests/support/host")
        self.programs = os.path.abspath(programs)
        self.home = "/home/dev"
        self.project = "/home/dev/project"
        self.seconds = {}
        self.log_removed = False  # a person's, which the machine's had seen
        self.make()
        self.start = {}
        for name in [*below("/etc"), *below("/home"), *below("/root", 2),
                     *below("/var", 3), *held()]:
            self.start[name] = record(name)
        self.held = set(held())
        self.rules = rules()

    def make(self):
        for path in ("/root/.local/state/sandbook", "/var/lib/sandbook"):
            subprocess.run(["rm", "-rf", path], check=True)
        # Uninstall asks everyone in turn: a handful will do.
        for path in ("/etc/passwd", "/etc/shadow"):
            kept = [line for line in read(path).decode().splitlines(True)
                    if line.split(":")[0] in
                    ("root", "daemon", "nobody", "www-data")]
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(kept)
        os.makedirs("/var/www", exist_ok=True)  # www-data's home
        subprocess.run(["useradd", "-m", "-k", "/nonexistent", "-s",
                        "/bin/sh", "dev"], check=True)
        os.chmod(self.home, 0o755)
        self.shell("""umask 022
            mkdir -p ~/project/src/deep ~/project/doc ~/other
            cd ~/project
            for i in 1 2 3; do echo $i >src/file$i; echo $i >src/deep/f$i; done
            chmod 640 src/file2; chmod 600 doc/../src/file3
            setfacl -m u:www-data:r src/file2
            setfacl -d -m u:www-data:rx doc
            ln -s src/file1 link""")

    def shell(self, text, check=True):
        return subprocess.run(
            ["setpriv", "--reuid", "dev", "--regid", "dev", "--init-groups",
             "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
             "HOME=/home/dev", "sh", "-eu", "-c", text],
            check=check, capture_output=True)

    def number(self):
        return int(subprocess.run(["id", "-u", "dev"], capture_output=True,
                                  check=True).stdout)

    def sandbook(self, *words, person="root"):
        """The words of a command line."""
        program = os.path.join(self.programs, "sandbook")
        if person == "root":
            return ["env", "HOME=/root", program, *words]
        return ["setpriv", "--reuid", person, "--regid", person,
                "--init-groups", "env", "-i",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/home/dev",
                program, *words]

    def elsewhere(self, person="root"):
        """So that a sweep is short: what nothing here touches."""
        ours = {"/etc", "/etc/systemd", "/var", "/var/lib", "/proc",
                "/var/lib/sandbook", "/home", "/root", "/root/.local", "/run"}
        out = []
        for at in ("/", "/etc", "/var", "/var/lib", "/root", "/run/host"):
            if at == "/root" and person != "root":
                continue  # cannot look into it
            paths = [os.path.join(at, name) for name in os.listdir(at)] \
                if at != "/run/host" else [at]
            for path in paths:
                if path not in ours and os.path.isdir(path):
                    out += ["--skip", path]
        return out

    def audit(self, chance):
        what, person = chance.choice(("scope", "drift")), \
            chance.choice(("dev", "root"))
        skipped = self.elsewhere(person) if what == "scope" else ()
        return self.sandbook("audit", what, *skipped, person=person)

    def command(self, name, chance=random):
        """One of the life's commands, as words."""
        if name.startswith("uninstall"):
            self.log_removed = True
        offline = f"sandbook-{self.number()}-off"
        project = self.project
        table = {
            "setup": lambda: self.sandbook("setup", "--yes", "--user", "dev"),
            "setup another": lambda: self.sandbook(
                "setup", "--yes", "--user", "www-data"),
            "remove": lambda: self.sandbook(
                "setup", "--yes", "--remove-user", "dev"),
            "grant": lambda: self.sandbook(
                "grant", "--yes", "--to", offline,
                chance.choice(("--rw", "--ro")),
                chance.choice((project, project + "/src", project + "/doc")),
                person="dev"),
            "undo": lambda: self.sandbook(
                "undo", "--yes", "--path",
                chance.choice((project, project + "/src")), person="dev"),
            "run": lambda: self.sandbook(
                "run", "-C", project, "--", "ls", person="dev"),
            "audit": lambda: self.audit(chance),
            "verify": lambda: self.sandbook(
                "journal", "verify", person=chance.choice(("dev", "root"))),
            "rotate": lambda: self.sandbook(
                "journal", "key", "--rotate", person="dev"),
            "status": lambda: self.sandbook("status", person="dev"),
            "uninstall own": lambda: self.sandbook(
                "uninstall", "--yes", person="dev"),
            "uninstall": lambda: self.sandbook(
                "uninstall", "--yes", *self.elsewhere(), "--certificate",
                f"/run/certificate.{chance.random()}.json"),
        }
        return table[name]()

    def begin(self, words):
        return subprocess.Popen(words, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT,
                                start_new_session=True, cwd="/")

    def is_expected(self, code):
        """Whether a command may end so. Who removes a log and begins another
        hears from then on that it is not the one that was seen."""
        return code in {0, 1, 2, *OURS} or \
            code == OTHER_LOG and self.log_removed

    def end(self, process, words):
        """Its exit code and words. A signal of nobody's is a failure."""
        try:
            said = process.communicate(timeout=DEADLOCK)[0].decode(
                errors="replace")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGABRT)
            raise Failed(f"{words} did not end in {DEADLOCK} s") from None
        code = process.returncode
        if not self.is_expected(code):
            raise Failed(f"{words} ended with {code}: {said}")
        if code in OURS and not said.strip():
            raise Failed(f"{words} ended with {code} and said nothing")
        return code, said

    def run(self, name, chance=random, expect=None):
        words = self.command(name, chance)
        began = time.monotonic()
        code, said = self.end(self.begin(words), words)
        # Usually: the longest ever would let most kills come too late.
        took = time.monotonic() - began
        self.seconds[name] = (self.seconds.get(name, took) + took) / 2
        if expect is not None and code != expect:
            raise Failed(f"{name} ended with {code}, not {expect}: {said}")
        return code, said

    def differences(self):
        """What is not as at the start, a line each."""
        out = []
        for name in sorted(set(held()) | self.held):
            now, then = record(name), self.start.get(name)
            if now != then:
                out.append(f"{name}: {then} is {now}")
        if rules() != self.rules:
            out.append("rules: " + rules())
        return out

    def assert_as_at_start(self, when):
        differences = self.differences()
        if differences:
            raise Failed(f"{when}: the host is not what it was:\n" +
                         "\n".join(differences[:20]))
        self.log_removed = False


def campaign():
    return os.environ.get("SBK_CAMPAIGN") == "1"


def seed():
    """SBK_SEED, or one of its own for each campaign."""
    given = os.environ.get("SBK_SEED")
    if given:
        return int(given)
    return int(time.time()) if campaign() else 1


def main(body):
    """Runs body(place); says what failed and by which seed."""
    if len(sys.argv) < 2:
        sys.exit("the directory of the programs is missing")
    number = seed()
    say(f"SBK_SEED={number}")
    try:
        body(Place(sys.argv[1]), random.Random(number))
    except Failed as why:
        say(f"FAILED (SBK_SEED={number}): {why}")
        sys.exit(1)
