"""Whether a machine is fit for use: the figures that it reports, held against thresholds.

`tests.yaml` holds the default tests with their sources, `defaults.py` reads them, `judge.py` compares. The
figures are measured by the installed system, or by a burn-in image, and posted to the hall's service.
"""
