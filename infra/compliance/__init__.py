"""What proves that promises are kept: the table of controls, and the diagram of the data's ways."""
