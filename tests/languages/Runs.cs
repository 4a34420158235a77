// A run that is heard, and runs that start from latents. Usage: Runs.exe MODEL
using System;
using Refrain;

internal static class Runs
{
    private static uint heard, last, computed;

    private static void Hear(IntPtr user, ref CallEvent what, uint made, uint calls)
    {
        if (user != (IntPtr)42 || calls != 6 || what.Step != heard) throw new Exception("progress");
        heard++;
        last = made;
        if (what.Action == CallAction.Compute) computed++;
    }

    private static byte[] Finished(Sampling sampling)
    {
        do sampling.AdvanceSlice(0, 100); while (sampling.Left > 0);
        var rgb = new byte[sampling.PictureBytes];
        sampling.Picture(0, rgb);
        return rgb;
    }

    private static bool Same(byte[] a, byte[] b)
    {
        for (int i = 0; i < a.Length; i++) if (a[i] != b[i]) return false;
        return a.Length == b.Length;
    }

    private static int Main(string[] args)
    {
        using (Model model = Model.Open(args[0]))
        using (var engine = new Engine(model, Backend.Cpu))
        {
            var settings = new RunSettings { Policy = Policy.Parse("interval:interval=2,warmup=2"), Steps = 6, Seed = 3 };
            if (model.FindClass(model.ClassName(3)) != 3 || !engine.DeviceName.StartsWith("cpu")) return 2;
            var noise = new float[model.Sizes.InChannels * model.Sizes.InputSize * model.Sizes.InputSize];
            byte[] first, again, other;
            using (var run = new Sampling(engine, settings))
            {
                run.SetProgress(Hear, (IntPtr)42);
                run.Latents(0, noise);
                GC.Collect();
                first = Finished(run);
                if (heard != 6 || last != 6 || computed != run.Stats.Computed || computed == 6) return 3;
                if (run.Notice != Notice.None) return 4;
                try { run.Advance(); return 5; }
                catch (RefrainException why) { if (why.Status != Status.Order) return 6; }
            }
            settings.Seed = 4;
            using (var run = new Sampling(engine, settings)) other = Finished(run);
            settings.Latents = noise;
            using (var run = new Sampling(engine, settings))
            {
                run.AdvanceSlice(0, 10);
                run.Cancel();
                CallEvent what = run.Advance();
                if (what.Step != 0 || what.Letter != 'C' || run.Left != 5) return 7;
                run.AdvanceSlice(0, 10);
                try { run.Save(); return 12; }
                catch (RefrainException why) { if (why.Status != Status.Order) return 13; }
                run.Advance();
                byte[] saved = run.Save();
                again = Finished(run);
                using (var resumed = Sampling.Resume(engine, saved))
                    if (!Same(Finished(resumed), again)) return 14;
                saved[saved.Length - 1] ^= 1;
                try { Sampling.Resume(engine, saved); return 15; }
                catch (RefrainException why) { if (why.Status != Status.Format) return 16; }
            }
            settings.Latents = new float[7];
            try { new Sampling(engine, settings); return 8; }
            catch (RefrainException why) { if (why.Status != Status.Value) return 9; }
            if (Same(first, other)) return 10;
            return Same(first, again) ? 0 : 11;
        }
    }
}
