"""What can go wrong at the door and in the store, as types that say where and what to do."""

from dataclasses import dataclass


class StandingError(Exception):
    """The base of every error that standing raises on purpose; its text is fit for a user."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input: the dotted `field` ("" for the whole) and why."""

    field: str
    detail: str

    def __str__(self) -> str:
        return f"{self.field}: {self.detail}" if self.field else self.detail


class Refused(StandingError):
    """Input that is not taken. `problems` has at least one entry; nothing was written."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems

    @classmethod
    def field(cls, field: str, detail: str) -> "Refused":
        """The usual case: one problem in one field."""
        return cls(Problem(field, detail))


class Conflict(Refused):
    """An id that the log already has with other legal content. The first in log order stands."""


class UnknownCompany(StandingError):
    """No event in the log, as far as the question may see it, names this company.

    It is not the same as `not_listed`: of an unknown company nothing is known.
    """

    def __init__(self, company: str) -> None:
        super().__init__(f"unknown company {company!r}: the log has no event about it")
        self.company = company


class StoreError(StandingError):
    """The store cannot be used as it is; the text says which file and what to do about it."""
