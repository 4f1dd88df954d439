"""The peer of the API: FastAPI with one route that does nothing."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/v1/companies/{company}/status")
async def status(company: str) -> dict[str, str]:
    """Nothing."""
    return {}
