from noren.activity.models.activity import Activity, Mention
from noren.activity.models.attachment import Attachment

__all__ = ["Activity", "Attachment", "Mention"]
