"""psql.py - talking to a server through psql, and reading what it says. Knows nothing of clusters."""
import csv
import io
import os
import queue
import re
import subprocess
import threading
import time

NULL = "\x1dnull\x1d"  # nothing a test would store
csv.field_size_limit(2**31 - 1)

_SEVERITY = re.compile(r"^(?:psql:\S*?:\d+: )?(ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|LOG|DEBUG):  "
                       r"(?:([0-9A-Z]{5}): )?(.*)$")
_PART = re.compile(r"^(DETAIL|HINT|CONTEXT|QUERY|LOCATION|LINE \d+|SCHEMA NAME|TABLE NAME|COLUMN NAME|"
                   r"CONSTRAINT NAME|DATATYPE NAME): +(.*)$")


def psql_command(bindir, variables=None):
    command = [os.path.join(bindir, "psql"), "-X", "-q", "-t", "--csv", "-P", "null=" + NULL,
               "-v", "VERBOSITY=verbose"]
    for name, value in (variables or {}).items():
        command += ["-v", "%s=%s" % (name, value)]
    return command


def psql_env(connection):
    return dict(os.environ, LC_ALL="C.UTF-8", PGCLIENTENCODING="UTF8", **connection)


class Message:
    """One message of the server. severity: ERROR, WARNING, NOTICE, ...; absent parts are empty."""

    def __init__(self, severity, sqlstate, message):
        self.severity, self.sqlstate, self.message = severity, sqlstate or "", message
        self.detail = self.hint = self.context = self.query = self.line = ""

    def __repr__(self):
        parts = [self.severity + ":  " + self.sqlstate + ": " + self.message]
        parts += ["%s:  %s" % (k.upper(), v) for k in ("detail", "hint", "context") if (v := getattr(self, k))]
        return "\n".join(parts)


class SqlError(Exception):
    """An ERROR, FATAL or lost connection (sqlstate ''). Unpacks to (sqlstate, message, detail, hint)."""

    def __init__(self, message, text):
        self.severity, self.sqlstate, self.message = message.severity, message.sqlstate, message.message
        self.detail, self.hint, self.context = message.detail, message.hint, message.context
        self.line = message.line  # where the server points at, if it does
        self.text = text          # all that psql printed
        super().__init__(repr(message))

    def __iter__(self):
        return iter((self.sqlstate, self.message, self.detail, self.hint))


def parse_messages(text):
    """Every message in psql's verbose output, in order."""
    found, part = [], None
    for line in text.split("\n"):
        start = _SEVERITY.match(line)
        more = _PART.match(line)
        if start:
            found.append(Message(*start.groups()))
            part = "message"
        elif more and found:
            part = more.group(1).lower().split()[0]
            setattr(found[-1], part, more.group(2))
        elif found and line and part != "line":  # below LINE stands only the caret
            setattr(found[-1], part, getattr(found[-1], part) + "\n" + line)
    return found


def parse_rows(text):
    """psql's CSV. An empty line is a row with one empty value (or of no columns)."""
    rows = csv.reader(io.StringIO(text, newline=""))
    return [[None if v == NULL else v for v in row] or [""] for row in rows]


class Result:
    """rows; messages; error: the first SqlError or None."""

    def __init__(self, out, err, failed):
        text = err.decode(errors="replace")
        self.rows = parse_rows(out.decode(errors="replace"))
        self.messages = parse_messages(text)
        self.error = None
        for m in self.messages:
            if m.severity in ("ERROR", "FATAL", "PANIC"):
                self.error = SqlError(m, text)
                break
        if failed and not self.error:
            self.error = SqlError(Message("FATAL", "", text.strip()), text)

    def notices(self, severity=None):
        """Texts of what is not an error: all, or of one severity."""
        return [m.message for m in self.messages
                if m.severity not in ("ERROR", "FATAL", "PANIC") and severity in (None, m.severity)]


class Session:
    """A psql that stays connected. run() waits; send() does not, result() collects what was sent."""

    def __init__(self, command, env):
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, bufsize=0)
        self.pipes = [self._follow(self.process.stdout), self._follow(self.process.stderr)]
        self.sent = 0
        self.backend_pid = int(self.run("SELECT pg_backend_pid()")[0][0])

    @staticmethod
    def _follow(stream):
        lines = queue.Queue()

        def copy():
            with io.BufferedReader(stream) as reader:
                for line in reader:
                    lines.put(line)
            lines.put(None)
        threading.Thread(target=copy, daemon=True).start()
        return lines

    def send(self, sql):
        """Starts a script of whole statements; returns at once."""
        self.sent += 1
        mark = "-- end %d --" % self.sent
        script = "%s\n;\n\\echo '%s'\n\\warn '%s'\n" % (sql.rstrip().rstrip(";"), mark, mark)
        if sql.lstrip().startswith("\\"):
            script = "%s\n\\echo '%s'\n\\warn '%s'\n" % (sql, mark, mark)
        try:
            self.process.stdin.write(script.encode())
        except BrokenPipeError:
            pass  # result() tells

    def result(self, timeout=120):
        """Waits for everything sent so far; the Result of what was not collected before."""
        mark = ("-- end %d --\n" % self.sent).encode()
        deadline = time.monotonic() + timeout
        texts, lost = [], False
        for lines in self.pipes:
            text = []
            while True:
                try:
                    line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
                except queue.Empty:
                    raise TimeoutError("no answer within %g s" % timeout) from None
                if line is None:
                    lost = True
                    lines.put(None)
                if line is None or line == mark:
                    break
                if not line.startswith(b"-- end "):
                    text.append(line)
            texts.append(b"".join(text))
        return Result(texts[0], texts[1], failed=lost)

    def run(self, sql, check=True, timeout=120):
        """Rows of the script; raises SqlError unless check is False."""
        self.send(sql)
        result = self.result(timeout)
        if check and result.error:
            raise result.error
        return result.rows

    def error(self, sql, timeout=120):
        """The SqlError of a script that must fail."""
        self.send(sql)
        result = self.result(timeout)
        assert result.error, "expected an error, got rows %r" % result.rows[:5]
        return result.error

    def close(self):
        """Ends the connection, politely or not."""
        if self.process.poll() is None:
            try:
                self.process.stdin.close()
                self.process.wait(timeout=0.5)
            except (subprocess.TimeoutExpired, OSError):
                self.process.kill()
                self.process.wait()
