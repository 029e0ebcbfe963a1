"""Numbers as people read them."""


def rounded(value: float) -> float:
    """Four significant digits, and no fractions of what is large."""
    return round(value) if abs(value) >= 1000 else float(f"{value:.4g}")


def number(value: float) -> str:
    """`12,300`, `41.5`, `0.382`."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def change(now: float, before: float) -> str:
    """`+12 %`; nothing to compare with is `-`."""
    return f"{(now / before - 1) * 100:+.0f} %" if before else "-"
