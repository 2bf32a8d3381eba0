"""What the pages ask: one module for each page, pure functions of a :class:`~lrbstore.dashboard.desk.Desk` and of what the reader chose."""
