"""Takes one of standing's mails, for a program instead of a person:

    take.py mx.desk.example alerts.example SUBSCRIPTION seen.txt < mail

Whoever delivers mail here (procmail, sieve, a line in `.forward`) gives it a mail at a time. It is
believed where our own mail server, mx.desk.example, says that it bears the signature (DKIM) of the
domain alerts.example; a mail's sender alone proves nothing. Prints the subject and the page, and
ends with 0; with 1 where the mail is not from there, or of another subscription.
"""

import re
import sys
from email import message_from_binary_file, policy
from email.message import EmailMessage
from pathlib import Path


def genuine(mail: EmailMessage, server: str, domain: str) -> bool:
    """RFC 8601: only the topmost result counts, and only of our own server; others can be
    written by whoever sends the mail."""
    said = " ".join(str(mail["authentication-results"] or "").split())
    if said.partition(";")[0].strip() != server:
        return False
    results = [part for part in said.split(";")[1:] if re.search(r"\bdkim=pass\b", part)]
    return any(re.search(rf"\bheader\.d={re.escape(domain)}(\s|$)", part) for part in results)


def take(mail: EmailMessage, subscription: str, seen: Path) -> bool:
    """Print it, unless it came before; False where it is not this subscription's."""
    if f"<{subscription}." not in str(mail["list-id"] or ""):
        return False
    ident = str(mail["message-id"])
    known = seen.read_text().split() if seen.exists() else []
    if ident not in known:
        part = mail.get_body(("plain",))
        text = part.get_content() if part is not None else ""
        page = re.search(r"^https?://\S+/companies/\S+$", text, re.MULTILINE)
        print(mail["subject"], page[0] if page else "", flush=True)
        with seen.open("a") as file:
            file.write(f"{ident}\n")
    return True


if __name__ == "__main__":
    server_, domain_, subscription_, path = sys.argv[1:5]
    read = message_from_binary_file(sys.stdin.buffer, policy=policy.default)
    right = genuine(read, server_, domain_) and take(read, subscription_, Path(path))
    sys.exit(0 if right else 1)
