from noren.accounts.models.key import ApiKey
from noren.accounts.models.session import Session
from noren.accounts.models.ticket import Ticket
from noren.accounts.models.user import User

__all__ = ["ApiKey", "Session", "Ticket", "User"]
