"""The servers that are measured, each in a process of its own: ``python -m benches.servers NAME``.

All offer the same few calls: ``bench.pair`` returns its first parameter, ``bench.sink`` counts bytes, ``bench.source``
gives bytes, ``bench.fan`` sends events to all in regular intervals, ``bench.miss`` sends many at once.
"""
