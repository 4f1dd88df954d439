"""Examples for /openapi.json: the one company that everybody looks up first."""

from typing import Any, Final

_DESIGNATED: Final[dict[str, Any]] = {
    "type": "standing.designation.issued",
    "subject": "xiaomi",
    "data": {
        "list": "us-dod-ccmc",
        "effective": "2021-01-14",
        "announced": "2021-01-14",
        "basis": "NDAA FY1999 section 1237",
    },
}
EVENTS: Final = {
    "one": {"summary": "One event", "value": _DESIGNATED},
    "array": {
        "summary": "Several",
        "value": [
            {
                "type": "standing.company.described",
                "subject": "xiaomi",
                "data": {"name": "Xiaomi Corporation", "country": "CN", "kind": "company"},
            },
            _DESIGNATED,
        ],
    },
}
_ID: Final = "0f0c2c9e-7c5f-5d0b-9d4f-2f2d8a4d7f61"
RECEIPT: Final = {"id": _ID, "position": "0:41", "outcome": "recorded"}
_ENJOINED: Final[dict[str, Any]] = {
    "list": "us-dod-ccmc",
    "list_version": "1",
    "covered": True,
    "coverage": {"from": "2020-06-24", "checked": None},
    "status": "enjoined",
    "since": "2021-03-12T00:00:00-05:00",
    "until": "2021-05-25T16:09:00-04:00",
    "how": None,
    "next": {"at": "2021-05-25T16:09:00-04:00", "status": "removed", "restrictions": []},
    "episode": 1,
    "pending_removal": False,
    "restrictions": [],
    "upcoming": [],
    "references": [],
    "listings": [
        {
            "reference": None,
            "since": "2021-01-14T00:00:00-05:00",
            "expires": None,
            "event": _ID,
        }
    ],
    "injunctions": [{"injunction": "1:21-cv-00280", "scope": "all", "expires": None}],
    "cause": "6d4f1a5e-02b9-5a39-8a4b-5f0f0b6d9a10",
    "anomalies": [],
    "anomalies_count": 0,
}
STATUS: Final[dict[str, Any]] = {
    "company": "xiaomi",
    "name": "Xiaomi Corporation",
    "as_of": "2021-04-01T23:59:59.999999-04:00",
    "announced_by": None,
    "known_at": None,
    "position": "0:41",
    "status": "enjoined",
    "restrictions": [],
    "upcoming": [],
    "ownership": "not_evaluated",
    "lists": [_ENJOINED],
}
ROW: Final[dict[str, Any]] = {
    "as_of": "2021-04-01",
    "company": "xiaomi",
    "name": "Xiaomi Corporation",
    "country": "CN",
    "status": "enjoined",
    "restrictions": [],
    "lists": [
        {key: _ENJOINED[key] for key in ("list", "status", "since", "until", "how", "restrictions")}
    ],
}
COMPANY: Final[dict[str, Any]] = {
    "company": "xiaomi",
    "name": "Xiaomi Corporation",
    "aliases": ["小米集团", "Xiaomi Group"],
    "country": "CN",
    "kind": "company",
    "identifiers": [{"scheme": "isin", "value": "KYG9830T1067"}],
    "website": None,
    "former_ids": [],
    "status": "removed",
    "restrictions": [],
    "lists": ["us-dod-ccmc"],
    "position": "0:41",
    "ownership": "not_evaluated",
}
CHANGES: Final[dict[str, Any]] = {
    "changes": [
        {
            "cursor": "xiaomi/1",
            "position": "0:41",
            "change": "5b7f9a52-8a3e-5b6e-9d7c-0a3e6a1b2c3d",
            "company": "xiaomi",
            "list": "us-dod-ccmc",
            "sequence": 1,
            "kind": "changed",
            "from": {"status": "not_listed", "how": None, "restrictions": []},
            "to": {"status": "designated", "how": None, "restrictions": []},
            "overall": {
                "before": {"status": "not_listed", "restrictions": []},
                "after": {"status": "designated", "restrictions": []},
            },
            "effective": "2021-01-14T00:00:00-05:00",
            "announced": "2021-01-14T23:59:59.999999-05:00",
            "recorded": "2021-01-15T09:00:00+00:00",
            "cause": [_ID],
            "backfill": False,
        }
    ],
    "next": "xiaomi/1",
    "more": False,
}
SUBSCRIPTION: Final[dict[str, Any]] = {
    "filter": {"companies": ["xiaomi"], "kinds": ["changed", "corrected"]},
    "channel": {"type": "webhook", "url": "https://desk.example/hook"},
    "cadence": "immediate",
    "start": "now",
}
WISH: Final[dict[str, Any]] = {"paused": False, "missed": "skip"}
WATCHLIST: Final[dict[str, Any]] = {"names": ["Xiaomi Corporation"], "accept_likely": True}
PREVIEW: Final[dict[str, Any]] = {"filter": {"lists": ["us-dod-1260h"]}, "since": "2025-01-01"}
_SPAN: Final = ("status", "since", "until", "how")
HOLDINGS: Final[dict[str, Any]] = {
    "holdings": {
        "summary": "Holdings",
        "value": {
            "holdings": [
                {"isin": "KYG9830T1067", "weight": "1.2 %"},
                {"name": "Advanced Micro Fabrication Equipment", "country": "CN"},
            ],
            "as_of": "2021-04-01",
        },
    },
    "names": {"summary": "Names", "value": {"names": ["小米", "Acme Ltd"]}},
}
HOLDINGS_CSV: Final = "name,isin\nXiaomi,\n,KYG9830T1067\n"
SCREENED: Final[dict[str, Any]] = {
    "rows": [
        {
            "row": 1,
            "input": {"isin": "KYG9830T1067", "weight": "1.2 %"},
            "match": "exact",
            "company": "xiaomi",
            "name": "Xiaomi Corporation",
            "score": 1.0,
            "by": "isin",
            "matched": "KYG9830T1067",
            "as_of": "2021-04-01",
            "status": "enjoined",
            "restrictions": [],
            "lists": [
                {key: _ENJOINED[key] for key in ("list", "covered", *_SPAN, "restrictions")},
            ],
            "uncovered": [],
            "parked": None,
            "note": None,
            "ownership": "not_evaluated",
        }
    ]
}
_QUESTION: Final[dict[str, Any]] = {
    "id": "same-0f0c2c9e-7c5f",
    "kind": "name",
    "score": 1.0,
    "text": "'Xiaomi Corporation' is like 'XIAOMI CORP'",
    "sides": ["xiaomi", "xiaomi-csl-1234"],
}
QUESTIONS: Final[dict[str, Any]] = {"count": 1, "questions": [_QUESTION]}
DECISION: Final = {"verdict": "accepted", "by": "j.doe", "why": "same register number, checked"}
