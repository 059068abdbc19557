from noren.sales.models.deal import Deal, DealLine, DealSearch, DealSpan
from noren.sales.models.pipeline import LossReason, Pipeline, Stage

__all__ = ["Deal", "DealLine", "DealSearch", "DealSpan", "LossReason", "Pipeline", "Stage"]
