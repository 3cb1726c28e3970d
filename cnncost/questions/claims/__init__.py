"""Numbers that somebody published: which network, which of its layers, counted how and printed how, gives them.

`said` reads the claim, `networks` has the networks that may be meant, `numbers` what is counted of a network, `search` puts
them beside one another, the simplest explanation first.
"""

from cnncost.questions.claims.said import Claim, claim
from cnncost.questions.claims.search import Candidate, Readings, candidates, readings

__all__ = ["Candidate", "Claim", "Readings", "candidates", "claim", "readings"]
