"""The key of subscriptions' secrets, where workers and replicas share it."""

from alerts.vault import SharedVault, Vault
from service.settings import Settings


def shared_vault(settings: Settings) -> Vault:
    """With the key that workers and replicas share: the setting, or where it is not set the file
    `alerts.key` in the home, of which each then has a copy. Raises `Refused` without any."""
    file = settings.home / "alerts.key"
    if not settings.secret_key and file.exists():
        return Vault(file, create=False)
    return SharedVault(settings.secret_key)
