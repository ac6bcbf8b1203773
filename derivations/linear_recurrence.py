"""The scan: a recurrence that is linear in its state."""

from derivations.notation import layer

LINEAR_RECURRENCE = layer(
    "linear_recurrence",
    "Every channel keeps a share of its state and adds its input: the scan inside state-space models.",
    tensors="x[T, N, M]  a[T, N, M]  h0[N, M]  h[T, N, M]",
    equations="""
        h[-1, n, m] = h0[n, m]
        h[t, n, m] = a[t, n, m]*h[t-1, n, m] + x[t, n, m]
    """,
    claims="""
        dh_total[t, n, m] = dh[t, n, m] + a[t+1, n, m]*dh_total[t+1, n, m]    # the same scan, backwards
        dx[t, n, m] = dh_total[t, n, m]
        da[t, n, m] = dh_total[t, n, m]*h[t-1, n, m]
        dh0[n, m] = a[0, n, m]*dh_total[0, n, m]
    """,
    source="Blelloch (1990), Prefix Sums and Their Applications, section 1.4",
)
