"""All pages. Each module adds its own to the site."""

from service.web.company import CompanyPage
from service.web.index import FrontPage
from service.web.search import SearchPage
from service.web.signing_in import SigningIn
from service.web.site import Site


def add_pages(site: Site) -> None:
    """Let the site have every page."""
    FrontPage(site)
    SigningIn(site)
    SearchPage(site)
    # Last: what stands behind `/companies/` is any id.
    CompanyPage(site)
