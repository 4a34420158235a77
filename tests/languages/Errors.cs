// What goes wrong is an exception that names the status and says why; a step that is left is given up.
using System;
using Refrain;

internal static class Errors
{
    private static void Fails(Status status, string says, System.Action what)
    {
        try
        {
            what();
        }
        catch (RefrainException why)
        {
            if (why.Status == status && why.Message.Contains(says)) return;
            throw new Exception("expected " + status + " with '" + says + "', found " + why.Message);
        }
        throw new Exception("expected " + status);
    }

    private static void Main()
    {
        Library.Check();
        if (Library.Version.Split('.').Length != 3 || (Library.Features & 4) == 0) throw new Exception("library");
        Fails(Status.Value, "treshold", () => Policy.Parse("teacache:treshold=1"));
        Fails(Status.Value, "magcach", () => Policy.Parse("magcach"));
        Fails(Status.Value, "REFRAIN_E_VALUE", () => new Scheduler(Policy.Parse("mask:1101"), 9));
        Fails(Status.Range, "REFRAIN_E_RANGE", () => new Scheduler(Policy.Parse("full"), 9, 0));
        Fails(Status.Value, "table", () => Policy.Parse("magcache").WithTable("a table"));
        Fails(Status.File, "nowhere", () => Model.Open("nowhere"));
        Fails(Status.Format, "REFRAIN_E_FORMAT", () => Model.FromBytes(new byte[100]));

        Policy magcache = Policy.Parse("magcache");
        if (!magcache.NeedsTable) throw new Exception("no table is needed");
        magcache = magcache.WithTable("refrain-table 1\nmethod = magcache\ncurve = 1/0.9/1.1/1\n");
        if (magcache.NeedsTable || magcache.ToString() != "magcache:curve=1/0.9/1.1/1") throw new Exception("table");

        Policy policy = Policy.Parse("taylorseerlite:interval=3,order=1");
        if (policy.Anchors != 2 || policy.Wants != Wants.Nothing || policy.Site.Kind != 0) throw new Exception("policy");
        if (policy.Site.Keep != Keep.Output || policy.Site.Share != 0.5 || policy.Site.Boundary != 0.5)
            throw new Exception("site");
        if (policy.RollsBack || policy.SplitsBands) throw new Exception("policy");
        if (!Policy.Parse("interval:verify=rollback,tolerance=0.1").RollsBack) throw new Exception("rollback");
        if (!Policy.Parse("freqca").SplitsBands) throw new Exception("bands");

        using (var scheduler = new Scheduler(policy, 12))
        {
            // The exception of a network leaves no call open.
            try
            {
                using (scheduler.Begin(0)) throw new TimeoutException();
            }
            catch (TimeoutException) { }
            Step step = scheduler.Begin(0);
            Fails(Status.Order, "", () => scheduler.Begin(1));
            Fails(Status.Order, "", () => step.Decide(0.1));
            if (step.Decision.Action != CallAction.Compute || step.Decision.Slot != 0) throw new Exception("action");
            if (step.Commit().Reason != Reason.Warmup) throw new Exception("reason");
            step.Dispose();
            Fails(Status.Order, "closed", () => step.Commit());
            Fails(Status.Range, "", () => scheduler.Begin(12));
            Fails(Status.Order, "", () => scheduler.Begin(0));
            for (int i = 1; i < 12; i++)
                using (Step next = scheduler.Begin(i))
                {
                    if (i == 4)
                    {
                        // On a line, the forecast is exact.
                        var ring = new[] { new[] { 0.0f, 1.0f }, new[] { 0.0f, 1.0f } };
                        ring[0][0] = 2; ring[1][0] = 1; // steps 2 and 1
                        var here = new[] { 0.0f, 0.0f };
                        Cpu.Blend(next.Decision, ring, new[] { 0.5f, 0.5f }, here);
                        if (here[0] != 4.5f || here[1] != 1.5f) throw new Exception("blend " + here[0] + " " + here[1]);
                    }
                    next.Commit();
                }
            if (scheduler.Stats.Calls != 12 || scheduler.Stats.Predicted == 0) throw new Exception("stats");
            if (scheduler.Notice != Notice.None) throw new Exception("notice");
            Fails(Status.Format, "", () => scheduler.Restore(new byte[5]));
        }
        if (Cpu.Change(Metric.RelativeL1, new[] { 2.0f, 2.0f }, new[] { 3.0f, 2.0f }) != 0.25) throw new Exception("change");
        if (Cpu.Rate(0.5, new[] { 1.0f }, new[] { 2.0f }) != 1.0) throw new Exception("rate");
        if (Cpu.Alignment(new[] { 3.0f }, new[] { 2.0f }, new[] { 1.0f }) != 2.0) throw new Exception("alignment");
        Console.WriteLine("all as expected");
    }
}
