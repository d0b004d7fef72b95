"""Review requests and messages to buyers: who may be asked, when, by which campaign, and what Amazon answered."""
