"""The pipeline a firm starts with: the customary Japanese stages. Safe to run again."""

from __future__ import annotations

from django.db import transaction

from noren.sales.models import LossReason, Pipeline, Stage

STAGES = (
    ({"ja": "初回接触", "en": "First contact"}, 10, 7),
    ({"ja": "ヒアリング", "en": "Discovery"}, 25, 10),
    ({"ja": "提案", "en": "Proposal"}, 40, 12),
    ({"ja": "見積提出", "en": "Quote sent"}, 60, 10),
    ({"ja": "最終調整", "en": "Closing"}, 80, 7),
)
REASONS = (
    {"ja": "価格", "en": "Price"},
    {"ja": "競合に決定", "en": "Chose a competitor"},
    {"ja": "機能・仕様", "en": "Features"},
    {"ja": "時期・予算見送り", "en": "Timing or budget"},
    {"ja": "連絡が途絶えた", "en": "Went silent"},
    {"ja": "その他", "en": "Other"},
)


def found_pipeline(locale: str = "ja") -> Pipeline:
    """The default pipeline with its stages and reasons for loss, unless there is one already."""
    with transaction.atomic():
        pipeline = Pipeline.every.filter(is_default=True).first()
        if pipeline is None:
            pipeline = Pipeline(name={"ja": "標準", "en": "Standard"}[locale], is_default=True)
            pipeline.save()
            for at, (names, probability, days) in enumerate(STAGES):
                Stage(
                    pipeline=pipeline, name=names[locale], position=at, probability=probability, standard_days=days
                ).save()
        if not LossReason.every.exists():
            for at, names in enumerate(REASONS):
                LossReason(name=names[locale], position=at).save()
    return pipeline
