"""Which relation is read: deferred, cloned, empty, sampled, batched, given by a unit test."""
