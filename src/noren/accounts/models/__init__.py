from noren.accounts.models.key import ApiKey
from noren.accounts.models.user import User

__all__ = ["ApiKey", "User"]
