"""Grammar of simple English and French stories, dialogues and explanations."""
