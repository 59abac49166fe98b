"""What is measured, against whom: ``make bench``, or ``python -m benches``."""
