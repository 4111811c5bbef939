"""What the environment holds under a secret's name is shown by nobody who was given it."""

import pytest

from records.secrets.given import redaction


@pytest.mark.parametrize(("name", "value", "said", "shown"), [
    ("DB_PASSWORD", "correct horse 9", "using correct horse 9", "using ***"),
    ("DB_PASSWORD", "hunter2", "password=hunter2;", "password=***;"),
    ("MYTOKEN", "abc", "token abc, abcd", "token ***, abcd"),
    ("SECRET", "test", "the latest test", "the latest ***"),
    ("DATABASE_URL", "postgres://me:hunter22@db/x", "as me, hunter22", "as me, ***"),
    ("CREDENTIALS", "/home/me/k.json", "/home/me/app.py: /home/me/k.json", "/home/me/app.py: ***"),
    ("PWD", "/home/me", "in /home/me", "in /home/me"),
    ("AUTH", "yes", "auth: yes", "auth: yes"),
    ("PASS", "12", "12 of 12", "12 of 12"),
    ("EDITOR", "/usr/bin/vi", "/usr/bin/vi", "/usr/bin/vi"),
])  # fmt: skip
def test_what_has_a_secret_s_name_is_blanked(name: str, value: str, said: str, shown: str) -> None:
    assert redaction({}, {name: value}).without_secrets(said) == shown
