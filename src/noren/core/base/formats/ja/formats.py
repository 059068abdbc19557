"""Dates as Japanese people write them. Django's own Japanese locale refuses 2026/4/1 and reads 04/05/2026 as May or April."""

DATE_INPUT_FORMATS = ["%Y/%m/%d", "%Y-%m-%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y%m%d"]
DATETIME_INPUT_FORMATS = [
    "%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S",
    "%Y年%m月%d日 %H:%M", "%Y年%m月%d日 %H時%M分",
]  # fmt: skip
DATE_FORMAT = "Y/m/d"
DATETIME_FORMAT = "Y/m/d H:i"
TIME_FORMAT = "H:i"
SHORT_DATE_FORMAT = "m/d"
FIRST_DAY_OF_WEEK = 0
