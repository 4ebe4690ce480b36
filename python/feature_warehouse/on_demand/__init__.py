"""Features that are computed when asked: expressions with types, evaluated as the warehouse does.

A value is in one of these forms, and None is NULL:

    integer, boolean, text      int of 64 bits, bool, str
    double                      float
    decimal(p,s)                int: the number times 10**s
    timestamp                   int: microseconds since 1970 UTC, in the years 1 to 9999
"""
