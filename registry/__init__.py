"""Who is connected to what: firms, connections and their sealed secrets, links, fiscal years, sync runs."""
