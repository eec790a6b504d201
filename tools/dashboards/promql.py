"""promql - the forms of expression that all dashboards share."""


def rate(metric, where, by=""):
    """A second, added up over all series but for those labels."""
    return f"sum{f' by ({by})' if by else ''} (rate({metric}{{{where}}}[$__rate_interval]))"


def quantile(q, histogram, where, by=""):
    return f"histogram_quantile({q}, {rate(histogram + '_bucket', where, ', '.join(filter(None, ['le', by])))})"


def share_above(bound, histogram, where, by):
    """Of what was observed; bound: one of the histogram's own, which newer versions write with a .0."""
    le = f'le="{bound}"' if "." in bound else f'le=~"{bound}(.0)?"'
    below, all_of_it = rate(histogram + "_bucket", f"{where},{le}", by), rate(histogram + "_count", where, by)
    return f"1 - {below} / {all_of_it}"
