"""The same settings as bytes for every job."""
# expect: finding duplicate-objects at BYTES symbol jobs

def main() -> None:
    #+ known = {}
    jobs = {}
    for number in range(200_000):
        jobs[number] = bytes([number % 3]) * 200  # <BYTES> #-
        #+ text = bytes([number % 3]) * 200
        #+ jobs[number] = known.setdefault(text, text)
    for _ in range(20):
        longest = max(map(len, jobs.values()))
    print(longest, len(jobs[5]))


main()
