"""All pages. Each module adds its own to the site."""

from typing import NamedTuple

from service.api.looking import Looking
from service.api.operating import Operating
from service.api.streams import Streams
from service.deciding import Queue
from service.resolving import Resolving
from service.web.changes import ChangesPage
from service.web.company import CompanyPage
from service.web.compare import ComparePage
from service.web.deliveries import Deliveries
from service.web.index import FrontPage
from service.web.lists import ListPages
from service.web.operate import OperatePage
from service.web.review import ReviewPages
from service.web.screen import ScreenPage
from service.web.search import SearchPage
from service.web.signing_in import SigningIn
from service.web.site import Site
from service.web.subscribing import Subscribing
from service.web.subscriptions import Subscriptions


class Shared(NamedTuple):
    """What pages share with the API."""

    looking: Looking
    queue: Queue
    operating: Operating
    streams: Streams


def add_pages(site: Site, shared: Shared) -> None:
    """Let the site have every page."""
    FrontPage(site)
    SigningIn(site)
    SearchPage(site)
    ListPages(site)
    ChangesPage(site, shared.looking)
    ComparePage(site)
    ScreenPage(site)
    resolving = Resolving(site.service)
    Subscribing(site, resolving)  # before what stands behind `/subscriptions/` as an id
    Subscriptions(site, resolving)
    Deliveries(site)
    ReviewPages(site, shared.queue)
    OperatePage(site, shared.operating, shared.streams)
    # Last: what stands behind `/companies/` is any id.
    CompanyPage(site)
