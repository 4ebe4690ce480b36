"""The figures that expectations are judged by, computed in the warehouse."""
