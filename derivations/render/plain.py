def plain(e):
    return str(e)
